/**
 * A self-signed Ed25519 certificate, for TLS between two ends that trust each other's key and nobody else.
 * @module
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** PEM texts, as node:tls takes them. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A certificate for `name`, valid until 2049 (RFC 5280; Ed25519 as in RFC 8410). */
export function selfSigned(name: string): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const algorithm = sequence(objectId(1 * 40 + 3, 101, 112)); // id-Ed25519
  const commonName = sequence(objectId(2 * 40 + 5, 4, 3), der(0x0c, Buffer.from(name)));
  const subject = sequence(der(0x31, commonName));
  const validity = sequence(utcTime('260101000000Z'), utcTime('491231235959Z'));
  const version = der(0xa0, integer(2));
  const body = sequence(
    version,
    integer(1),
    algorithm,
    subject,
    validity,
    subject,
    spki(publicKey),
  );
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign(null, body, privateKey)]));
  const base64 = sequence(body, algorithm, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const long =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...long), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function integer(value: number): Buffer {
  return der(0x02, Buffer.of(value));
}

/** Arcs below 128 only; the first byte stands for the first two. */
function objectId(...arcs: readonly number[]): Buffer {
  return der(0x06, Buffer.of(...arcs));
}

function utcTime(text: string): Buffer {
  return der(0x17, Buffer.from(text));
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}
