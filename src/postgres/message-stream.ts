import { headerBytes } from './message.ts';

/** What happens to messages of one type. All others pass through untouched, their bodies unread. */
export interface MessageRule {
  /** Of the whole message. */
  readonly limitBytes: number;
  /** Given the whole message; returns what goes on in its place. */
  handle(message: Buffer): Buffer;
  /** In place of a message that is larger; undefined: that message passes through unread. */
  readonly tooLarge?: () => Buffer;
  /** Told of one that passes through unread. */
  readonly onUnread?: () => void;
}

/** By the type's letter. */
export type MessageRules = Readonly<Record<string, MessageRule>>;

/** The server's own limit of a message (PQ_LARGE_MESSAGE_LIMIT). */
const maxMessageBytes = 0x3fff_ffff;

/**
 * One direction of a connection after its startup: follows message headers over any chunking. Memory is bounded by the
 * largest `limitBytes`. A length that no message can have makes it `broken`: from then on all bytes pass through, and nothing is known of boundaries.
 */
export class MessageStream {
  readonly #rules: (MessageRule | undefined)[] = [];
  /** Body bytes of the current message that are still to come. */
  #leftBytes = 0;
  /** Bytes of a header that the last chunk has cut. */
  #header: Buffer | undefined;
  #collecting: { readonly rule: MessageRule; readonly message: Buffer; filled: number } | undefined;
  #dropping = false;
  #lastType = 0;
  #broken = false;

  constructor(rules: MessageRules = {}) {
    for (const [type, rule] of Object.entries(rules)) this.#rules[type.charCodeAt(0)] = rule;
  }

  /** Nothing or whole messages have gone on: another message may follow. What is held back here counts as not come. */
  get atBoundary(): boolean {
    if (this.#broken) return false;
    return this.#leftBytes === 0 || this.#collecting !== undefined || this.#dropping;
  }

  /** The type of the newest message, a character code; 0 before the first. */
  get lastType(): number {
    return this.#lastType;
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** What goes on in place of `chunk`: mostly the chunk itself. */
  pass(chunk: Buffer): readonly Buffer[] {
    if (this.#broken) return [chunk];
    const out: Buffer[] = [];
    let at = 0;
    /** From here to `at` passes through as it is. */
    let from = 0;
    const flush = () => {
      if (at > from) out.push(from === 0 && at === chunk.length ? chunk : chunk.subarray(from, at));
    };
    while (at < chunk.length) {
      if (this.#leftBytes > 0) {
        const count = Math.min(this.#leftBytes, chunk.length - at);
        this.#leftBytes -= count;
        if (this.#collecting) this.#collect(chunk.subarray(at, at + count), out);
        at += count;
        if (this.#collecting || this.#dropping) from = at;
        if (this.#leftBytes === 0) this.#collecting = undefined;
        if (this.#leftBytes === 0) this.#dropping = false;
        continue;
      }
      const cut = this.#header;
      const missing = headerBytes - (cut?.length ?? 0);
      if (chunk.length - at < missing) {
        // Held back: what goes on in place of this message is known only with its whole header.
        flush();
        const rest = chunk.subarray(at);
        this.#header = cut ? Buffer.concat([cut, rest]) : Buffer.from(rest);
        return out;
      }
      const header = cut ? Buffer.concat([cut, chunk.subarray(at, at + missing)]) : undefined;
      this.#header = undefined;
      const type = header ? header[0]! : chunk[at]!;
      const lengthBytes = header ? header.readUInt32BE(1) : chunk.readUInt32BE(at + 1);
      if (lengthBytes < 4 || lengthBytes > maxMessageBytes) {
        this.#broken = true;
        flush();
        if (cut) out.push(cut);
        out.push(chunk.subarray(at));
        return out;
      }
      this.#lastType = type;
      this.#leftBytes = lengthBytes - 4;
      const rule = this.#rules[type];
      if (rule === undefined || (lengthBytes + 1 > rule.limitBytes && !rule.tooLarge)) {
        rule?.onUnread?.();
        if (cut) out.push(cut);
        at += missing;
        continue;
      }
      flush();
      at += missing;
      from = at;
      if (lengthBytes + 1 > rule.limitBytes) {
        this.#dropping = this.#leftBytes > 0;
        out.push(rule.tooLarge!());
        continue;
      }
      this.#collecting = { rule, message: Buffer.allocUnsafe(lengthBytes + 1), filled: 0 };
      this.#collect(header ?? chunk.subarray(at - headerBytes, at), out);
      if (this.#leftBytes === 0) this.#collecting = undefined;
    }
    flush();
    return out;
  }

  #collect(bytes: Buffer, out: Buffer[]): void {
    const { rule, message, filled } = this.#collecting!;
    bytes.copy(message, filled);
    this.#collecting!.filled = filled + bytes.length;
    if (this.#collecting!.filled === message.length) out.push(rule.handle(message));
  }
}
