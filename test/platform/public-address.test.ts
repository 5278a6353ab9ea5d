import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../src/platform/public-address.ts';

/** First and last addresses of what is not public, and their neighbours that are. */
const edges4: [inside: string[], outside: string[]][] = [
  [['0.0.0.0', '0.255.255.255'], ['1.0.0.0']],
  [
    ['10.0.0.0', '10.255.255.255'],
    ['9.255.255.255', '11.0.0.0'],
  ],
  [
    ['100.64.0.0', '100.127.255.255'],
    ['100.63.255.255', '100.128.0.0'],
  ],
  [
    ['127.0.0.1', '127.255.255.255'],
    ['126.255.255.255', '128.0.0.0'],
  ],
  [
    ['169.254.0.0', '169.254.169.254', '169.254.255.255'],
    ['169.253.255.255', '169.255.0.0'],
  ],
  [
    ['172.16.0.0', '172.31.255.255'],
    ['172.15.255.255', '172.32.0.0'],
  ],
  [
    ['192.0.0.0', '192.0.0.255', '192.0.2.1'],
    ['191.255.255.255', '192.0.1.0', '192.0.3.0'],
  ],
  [['192.88.99.1'], ['192.88.98.1']],
  [
    ['192.168.0.0', '192.168.255.255'],
    ['192.167.255.255', '192.169.0.0'],
  ],
  [
    ['198.18.0.0', '198.19.255.255'],
    ['198.17.255.255', '198.20.0.0'],
  ],
  [
    ['198.51.100.7', '203.0.113.7'],
    ['198.51.101.7', '203.0.114.7'],
  ],
  [['224.0.0.0', '239.255.255.255', '240.0.0.0', '255.255.255.255'], ['223.255.255.255']],
];

const private6 = [
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '::ffff:7f00:1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '100::1',
  'fc00::1',
  'fdff:ffff::1',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fec0::1',
  'ff02::1',
  '2001::1',
  '2001:1ff::1',
  '2001:db8::1',
  '2002:7f00:1::1',
  '3fff::1',
  '4000::1',
];
const public6 = [
  '2001:4860:4860::8888',
  '2606:4700::1111',
  '2a00:1450::1',
  '2003::1',
  '2001:200::1',
];

describe('public addresses', () => {
  it.each(edges4)('IPv4: not %j, but %j', (inside, outside) => {
    expect(inside.filter(isPublicAddress)).toEqual([]);
    expect(outside.filter(isPublicAddress)).toEqual(outside);
  });

  it('IPv6: global unicast only, without what is reserved in it', () => {
    expect(private6.filter(isPublicAddress)).toEqual([]);
    expect(public6.filter(isPublicAddress)).toEqual(public6);
  });

  it('are never spelled as IPv6 when they are IPv4, whatever the address', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(`::ffff:${address}`)).toBe(false);
        expect(isPublicAddress(`::${address}`)).toBe(false);
      }),
    );
  });

  it('are addresses', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(isPublicAddress(text)).toBe(false);
      }),
    );
    for (const text of [
      '',
      'localhost',
      '8.8.8',
      '8.8.8.8.8',
      '08.8.8.8',
      '0x8.8.8.8',
      '2130706433',
    ]) {
      expect(isPublicAddress(text)).toBe(false);
    }
  });
});
