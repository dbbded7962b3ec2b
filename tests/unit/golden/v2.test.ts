import { describeEarlier, describeReference } from './reference.ts';

describeReference('v2');
describeEarlier('v2', 'v3');
