import { describeReference } from './reference.ts';

describeReference('v4');
