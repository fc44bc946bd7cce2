/** Memory that is used again and again for bytes on their way to a socket, so that carrying them allocates nothing outside the heap. */
export const blockBytes = 64 * 1024;
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

/** What connections share: blocks that none of them has a use for. */
export class BlockPool {
  readonly #free: Block[] = [];

  take(): Block {
    return this.#free.pop() ?? { bytes: Buffer.allocUnsafeSlow(blockBytes), usedBytes: 0, copies: 0 };
  }

  give(block: Block): void {
    block.usedBytes = 0;
    if (this.#free.length < maxFree) this.#free.push(block);
  }
}

/**
 * Copies what one connection has to keep. Its blocks are its own while they hold a copy, or a chunk that a slow reader leaves unread would
 * keep what others had beside it: it pins at most twice its bytes, and one block. With no copy left it has no block either.
 */
export class Copier {
  readonly #pool: BlockPool;
  #current: Block | undefined;

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

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
        if (block === this.#current) this.#current = undefined;
        this.#pool.give(block);
      },
    };
  }

  #withRoom(sizeBytes: number): Block {
    if (!this.#current || blockBytes - this.#current.usedBytes < sizeBytes) this.#current = this.#pool.take();
    return this.#current;
  }
}
