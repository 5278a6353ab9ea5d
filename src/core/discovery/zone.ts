/**
 * Which zone a region lies in, by the customary beginning of its name.
 * @module
 */

const zones: Readonly<Record<string, string>> = {
  eu: 'EU',
  us: 'US',
  ap: 'APAC',
  apac: 'APAC',
  ca: 'CA',
  me: 'ME',
};

/** `EU` for `eu-west-1`, `APAC` for `ap-south-1`; undefined when the name does not tell. */
export function zoneOfRegion(region: string): string | undefined {
  const [area = ''] = region.toLowerCase().split(/[-_]/, 1);
  return Object.hasOwn(zones, area) ? zones[area] : undefined;
}
