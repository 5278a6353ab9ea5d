/**
 * Sealed records over a link: all frames of one tick share one, which costs one seal instead of many.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Link } from '../../ports/transport.ts';
import { broken, type Frame, frameLength, frameType, readFrames, writeFrame } from './frames.ts';
import { maxNoiseMessage, type NoiseResult, tagLength } from './noise.ts';

/** Plaintext bytes at which a record is closed, if the tick has more to say. */
const targetLength = 16_384;
/** Plaintext bytes that fit into a record. */
const hardLength = maxNoiseMessage - tagLength;
/** Records under one key; the receiver refuses more. */
const recordsPerKey = 2 ** 16;
/** Age of a key at which the next record replaces it. */
const keyLifeMs = 600_000;
/** Bytes waiting for the carrier above which data is held back at its source. */
const highWater = 262_144;
/** Bytes waiting for the carrier at which the peer is taken to have stopped reading. */
const waitingLimit = 8 * 1_048_576;
/** Microtasks to wait for more frames of the same tick, at most. */
const maxHops = 24;
/** Microtasks without a new frame after which the tick is taken to have said everything. */
const quietHops = 3;

/** First byte of a record: the sender changes its key after this record. */
const rekeyFlag = 1;

const soon = Promise.resolve();

/** One plaintext buffer for everybody: it is filled and sealed without a pause between. */
const scratch = new Uint8Array(hardLength);

/** What the layer tells its session. */
export interface RecordEvents {
  frame(frame: Frame): void;
  /** Data that was held back may go on. */
  room(): void;
  /** The session cannot go on. */
  failed(error: MeshError): void;
}

/** Options of {@link RecordLayer}. */
export interface RecordOptions {
  readonly link: Link;
  readonly noise: NoiseResult;
  readonly clock: Clock;
  readonly events: RecordEvents;
}

/** Writes frames into records and reads them back, in order. Any record that does not open ends the session. */
export class RecordLayer {
  readonly #options: RecordOptions;
  #waiting: Frame[] = [];
  #head = 0;
  #waitingBytes = 0;
  #scheduled = false;
  #blocked = false;
  #stopped = false;
  #sentUnderKey = 0;
  #receivedUnderKey = 0;
  #keyBorn: number;
  /** Ciphertext bytes taken from and given to the link. */
  bytesIn = 0;
  bytesOut = 0;
  /** Records given to the link. */
  sent = 0;

  constructor(options: RecordOptions) {
    this.#options = options;
    this.#keyBorn = options.clock.monotonic();
  }

  /** Whether data may be written now; control frames always may. */
  get hasRoom(): boolean {
    return this.#waitingBytes < highWater;
  }

  /** Puts `frame` into the record of this tick. */
  write(frame: Frame): void {
    if (this.#stopped) return;
    this.#waiting.push(frame);
    this.#waitingBytes += frameLength(frame);
    if (this.#waitingBytes > waitingLimit) {
      this.#fail(broken('the peer does not read'));
      return;
    }
    this.#schedule();
  }

  /** Seals everything now, even above the carrier's mark: for the last words of a session. */
  flush(): void {
    while (this.#hasWaiting()) this.#sealOne();
  }

  /** Opens one record and hands on its frames. */
  read(record: Uint8Array): void {
    if (this.#stopped) return;
    try {
      this.#readFrames(this.#open(record));
    } catch (thrown) {
      const known = MeshError.is(thrown, 'PROTOCOL_ERROR');
      this.#fail(known ? thrown : broken('a frame could not be understood', thrown));
    }
  }

  /** Writes and reads no more. */
  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
    this.#head = 0;
    this.#waitingBytes = 0;
  }

  #schedule(): void {
    if (this.#scheduled || this.#blocked) return;
    this.#scheduled = true;
    void this.#drain();
  }

  /** Seals what waits, record by record: the carrier takes each on its way while the next is being made. */
  async #drain(): Promise<void> {
    await this.#quiet();
    while (!this.#blocked && this.#hasWaiting()) {
      const full = !this.hasRoom;
      if (!this.#sealOne()) this.#awaitCarrier();
      if (full && this.#waitingBytes < highWater) this.#options.events.room();
      await soon;
      await soon;
    }
    this.#scheduled = false;
  }

  /** Waits until the tick has said everything: a clock's shortest wait would be a hundred times as long. */
  async #quiet(): Promise<void> {
    let seen = this.#waiting.length;
    for (let hop = 0, quiet = 0; hop < maxHops && quiet < quietHops; hop += 1) {
      await soon;
      quiet = this.#waiting.length === seen ? quiet + 1 : 0;
      seen = this.#waiting.length;
      if (this.#waitingBytes >= targetLength) return;
    }
  }

  #awaitCarrier(): void {
    this.#blocked = true;
    this.#options.link.drained().then(
      () => {
        this.#blocked = false;
        if (this.#hasWaiting()) this.#schedule();
      },
      // The link has ended, and says so itself.
      () => undefined,
    );
  }

  /** Seals as many waiting frames as belong into one record; false when the carrier asks to wait. */
  #sealOne(): boolean {
    const { link, noise } = this.#options;
    const length = this.#fillScratch();
    const rekey = this.#isKeyWorn();
    scratch[0] = rekey ? rekeyFlag : 0;
    const record = noise.send.seal(scratch.subarray(0, length));
    if (rekey) this.#rekey();
    this.sent += 1;
    this.bytesOut += record.length;
    try {
      return link.send(record);
    } catch {
      // The link has ended, and says so itself.
      this.stop();
      return false;
    }
  }

  /** Moves waiting frames into the scratch buffer, behind the flags; the length reached. */
  #fillScratch(): number {
    const first = this.#head;
    let length = 1;
    for (; this.#head < this.#waiting.length; this.#head += 1) {
      const frame = this.#waiting[this.#head]!;
      if (this.#head > first && length + frameLength(frame) > targetLength) break;
      length = writeFrame(scratch, length, frame);
      if (frame.type === frameType.open) frame.record = this.sent + 1;
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    }
    this.#waitingBytes -= length - 1;
    return length;
  }

  #hasWaiting(): boolean {
    return !this.#stopped && this.#waiting.length > 0;
  }

  #isKeyWorn(): boolean {
    this.#sentUnderKey += 1;
    const age = this.#options.clock.monotonic() - this.#keyBorn;
    return this.#sentUnderKey >= recordsPerKey || age >= keyLifeMs;
  }

  #rekey(): void {
    this.#options.noise.send.rekey();
    this.#sentUnderKey = 0;
    this.#keyBorn = this.#options.clock.monotonic();
  }

  #open(record: Uint8Array): Uint8Array {
    this.bytesIn += record.length;
    this.#receivedUnderKey += 1;
    if (this.#receivedUnderKey > recordsPerKey) throw broken('a key was used for too long');
    const plaintext =
      record.length > maxNoiseMessage ? undefined : this.#options.noise.receive.open(record);
    if (plaintext === undefined) throw broken('a record does not open');
    if (plaintext.length === 0) throw broken('an empty record');
    if ((plaintext[0]! & rekeyFlag) !== 0) {
      this.#options.noise.receive.rekey();
      this.#receivedUnderKey = 0;
    }
    return plaintext;
  }

  #readFrames(plaintext: Uint8Array): void {
    readFrames(plaintext.subarray(1), (frame) => {
      if (!this.#stopped) this.#options.events.frame(frame);
    });
  }

  #fail(error: MeshError): void {
    this.stop();
    this.#options.events.failed(error);
  }
}
