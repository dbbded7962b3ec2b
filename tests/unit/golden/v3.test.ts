import { describeEarlier, describeReference } from './reference.ts';

describeReference('v3');
// From stage 4 on the check says no password in clear, and a server of stage 3 knows nothing else.
describeEarlier('v3', 'v4', 'v3/login');
