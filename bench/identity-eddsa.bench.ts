import { credentialBench } from './credential-bench.ts';

export default credentialBench('EdDSA');
