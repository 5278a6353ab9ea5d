/** Seeds a simulation is run with: 20 in `npm test`, 1,000 in `npm run test:sim`. */
export const seeds = Number(process.env['PROPERTY_RUNS'] ?? 100) >= 1_000 ? 1_000 : 20;
