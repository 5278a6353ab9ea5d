// How hard the property tests look. A failing property prints its seed and path; paste them into `fc.assert` to replay it.
import { configureGlobal } from 'fast-check';

configureGlobal({ numRuns: Number(process.env['PROPERTY_RUNS'] ?? 100) });
