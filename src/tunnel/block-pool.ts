/** Memory that is used again and again for bytes on their way to a socket, so that carrying them allocates nothing outside the heap. */
const blockBytes = 64 * 1024;
/** Blocks kept for later: 4 MiB. */
const maxFree = 64;

/** Below this Node cuts small buffers from slabs of its own. */
const smallBytes = 4 * 1024;

interface Block {
  readonly bytes: Buffer;
  usedBytes: number;
  /** Copies in it that are still needed. */
  copies: number;
}

export interface Copy {
  readonly bytes: Buffer;
  /** Must be called once, when the bytes are no longer needed. */
  readonly release: () => void;
}

const nothing = () => {};

export class BlockPool {
  readonly #free: Block[] = [];
  #current: Block | undefined;

  /** Copies of many connections share a block: one that stays long pins at most its block, and the pool goes on with another. */
  copy(bytes: Buffer): Copy {
    if (bytes.length <= smallBytes || bytes.length > blockBytes)
      return { bytes: Buffer.from(bytes), release: nothing };
    const block = this.#withRoom(bytes.length);
    const start = block.usedBytes;
    block.usedBytes += bytes.copy(block.bytes, start);
    block.copies++;
    return {
      bytes: block.bytes.subarray(start, block.usedBytes),
      release: () => {
        if (--block.copies > 0) return;
        if (block === this.#current) block.usedBytes = 0;
        else if (this.#free.length < maxFree) this.#free.push(block);
      },
    };
  }

  #withRoom(sizeBytes: number): Block {
    const current = this.#current;
    if (current && blockBytes - current.usedBytes >= sizeBytes) return current;
    const block = this.#free.pop() ?? { bytes: Buffer.allocUnsafeSlow(blockBytes), usedBytes: 0, copies: 0 };
    block.usedBytes = 0;
    this.#current = block;
    return block;
  }
}
