/**
 * The extension type `ipaddr`: an IPv4 or IPv6 address, or a range of them with a prefix length.
 * @module
 */

const octet = /^(?:0|[1-9]\d{0,2})$/;
const group = /^[0-9A-Fa-f]{1,4}$/;
const prefixFormat = /^(?:0|[1-9]\d{0,2})$/;

/** An address and the length of its prefix. */
export class IpAddress {
  readonly kind = 'ipaddr';
  /** 32 for IPv4, 128 for IPv6. */
  readonly bits: 32 | 128;
  readonly address: bigint;
  readonly prefix: number;

  constructor(bits: 32 | 128, address: bigint, prefix: number) {
    this.bits = bits;
    this.address = address;
    this.prefix = prefix;
  }

  /** The value of `text`, e.g. `10.0.0.0/8` or `2001:db8::1`; undefined when malformed. */
  static parse(text: string): IpAddress | undefined {
    const [host = '', length, ...rest] = text.split('/');
    if (rest.length > 0 || text.length > 45) return undefined;
    const bits = host.includes(':') ? 128 : 32;
    const address = bits === 128 ? parseV6(host) : parseV4(host);
    if (address === undefined) return undefined;
    if (length === undefined) return new IpAddress(bits, address, bits);
    if (!prefixFormat.test(length) || Number(length) > bits) return undefined;
    return new IpAddress(bits, address, Number(length));
  }

  /** Whether every address here is in 127.0.0.0/8 or is ::1. */
  get isLoopback(): boolean {
    return this.isInRange(this.bits === 32 ? loopbackV4 : loopbackV6);
  }

  /** Whether every address here is in 224.0.0.0/4 or ff00::/8. */
  get isMulticast(): boolean {
    return this.isInRange(this.bits === 32 ? multicastV4 : multicastV6);
  }

  /** Whether every address here belongs to `range`. */
  isInRange(range: IpAddress): boolean {
    if (this.bits !== range.bits || this.prefix < range.prefix) return false;
    const hostBits = BigInt(range.bits - range.prefix);
    return this.address >> hostBits === range.address >> hostBits;
  }

  /** The same text for equal values. */
  get canonical(): string {
    return `${String(this.bits)}:${String(this.address)}/${String(this.prefix)}`;
  }
}

const loopbackV4 = new IpAddress(32, 0x7f000000n, 8);
const loopbackV6 = new IpAddress(128, 1n, 128);
const multicastV4 = new IpAddress(32, 0xe0000000n, 4);
const multicastV6 = new IpAddress(128, 0xff00n << 112n, 8);

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let address = 0n;
  for (const part of parts) {
    if (!octet.test(part) || Number(part) > 255) return undefined;
    address = (address << 8n) | BigInt(part);
  }
  return address;
}

function parseV6(text: string): bigint | undefined {
  const [head = '', tail, ...rest] = text.split('::');
  if (rest.length > 0) return undefined;
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after];
  return groups.reduce((address, hex) => (address << 16n) | BigInt(`0x${hex}`), 0n);
}

function groupsOf(text: string): readonly string[] | undefined {
  const groups = text === '' ? [] : text.split(':');
  return groups.every((hex) => group.test(hex)) ? groups : undefined;
}
