import { describeEarlier, describeReference } from './reference.ts';

describeReference('v1');
describeEarlier('v1', 'v2');
