/**
 * Which addresses are out on the internet. What a foreign document names must not lead into the own network.
 * @module
 */
import { BlockList, isIP } from 'node:net';

// IANA special-purpose registries (RFC 6890 and successors): whatever is not globally reachable.
const special4 = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // carrier-grade NAT
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local, metadata services of clouds
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
] as const;

// Of IPv6 only global unicast is public: loopback, link-local, unique local, multicast, mapped IPv4 and NAT64 lie outside.
const globalUnicast = ['2000::', 3] as const;
const special6 = [
  ['2001::', 23], // protocol assignments, Teredo
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4: an IPv4 address in disguise
  ['3fff::', 20], // documentation
] as const;

const closed4 = new BlockList();
const closed6 = new BlockList();
const open6 = new BlockList();
for (const [net, bits] of special4) closed4.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of special6) closed6.addSubnet(net, bits, 'ipv6');
open6.addSubnet(...globalUnicast, 'ipv6');

/** Whether `address`, an IPv4 or IPv6 address in text form, is public; false for anything else. */
export function isPublicAddress(address: string): boolean {
  // A zone names an interface of this machine, so it is never public.
  if (address.includes('%')) return false;
  switch (isIP(address)) {
    case 4:
      return !closed4.check(address, 'ipv4');
    case 6:
      return open6.check(address, 'ipv6') && !closed6.check(address, 'ipv6');
    default:
      return false;
  }
}
