// The part of ASN.1's DER that the formats `pkcs8` and `spki` need.
import { problem, type Bytes } from './key.js';

const INTEGER = 0x02;
const BITS = 0x03;
const OCTETS = 0x04;
const OID = 0x06;
const SEQUENCE = 0x30;

/** Reads one value after the other. */
export class DerReader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next value's tag. */
  get tag(): number | undefined {
    return this.#bytes[this.#at];
  }

  sequence(): DerReader {
    return new DerReader(this.#value(SEQUENCE));
  }

  integer(): bigint {
    return bigOf(this.#value(INTEGER));
  }

  octets(): Bytes {
    return this.#value(OCTETS);
  }

  bits(): Bytes {
    return this.#value(BITS).slice(1);
  }

  /** Its bytes in hexadecimal digits. */
  oid(): string {
    return hexOf(this.#value(OID));
  }

  /** A value that a number marks, and not its type. */
  marked(number: number): DerReader {
    return new DerReader(this.#value(0xa0 + number));
  }

  #value(tag: number): Bytes {
    if (this.tag !== tag) throw problem('DataError', 'the key is not in the format that was named');
    let length = this.#bytes[this.#at + 1] ?? 0;
    let start = this.#at + 2;
    if (length & 0x80) {
      const digits = length & 0x7f;
      length = Number(bigOf(this.#bytes.slice(start, start + digits)));
      start += digits;
    }
    this.#at = start + length;
    if (this.#at > this.#bytes.length) throw problem('DataError', 'the key breaks off');
    return this.#bytes.slice(start, this.#at);
  }
}

export const sequence = (...parts: Uint8Array[]) => value(SEQUENCE, joined(parts));
export const octets = (bytes: Uint8Array) => value(OCTETS, bytes);
export const bits = (bytes: Uint8Array) => value(BITS, joined([new Uint8Array(1), bytes]));
export const oid = (hex: string) => value(OID, bytesOfHex(hex));
export const marked = (number: number, bytes: Uint8Array) => value(0xa0 + number, bytes);
export const nothing = () => value(0x05, new Uint8Array());

/** A number that is not negative. */
export function integer(number: bigint): Bytes {
  const bytes = bytesOfBig(number);
  return value(INTEGER, (bytes[0] ?? 0) & 0x80 ? joined([new Uint8Array(1), bytes]) : bytes);
}

function value(tag: number, bytes: Uint8Array): Bytes {
  const length = bytesOfBig(BigInt(bytes.length));
  const head = bytes.length < 0x80 ? [tag, bytes.length] : [tag, 0x80 | length.length, ...length];
  return joined([Uint8Array.from(head), bytes]);
}

export function joined(parts: Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const hexOf = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export const bytesOfHex = (hex: string): Bytes =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));

export const bigOf = (bytes: Uint8Array): bigint => BigInt(`0x0${hexOf(bytes)}`);

/** The number's bytes, at least one, and as many as are asked for. */
export function bytesOfBig(number: bigint, length = 1): Bytes {
  const hex = number.toString(16);
  return bytesOfHex(hex.padStart(Math.max(2 * length, hex.length + (hex.length % 2)), '0'));
}
