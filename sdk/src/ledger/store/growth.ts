/** Lets followers wait until there is more than they have seen. */
export class Growth {
  readonly #waiting = new Set<() => void>();
  #closed = false;

  notify(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  close(): void {
    this.#closed = true;
    this.notify();
  }

  /** true: there is more than `seen`; false: there will be no more, or the signal was aborted. */
  async beyond(seen: number, size: () => number, signal: AbortSignal | undefined): Promise<boolean> {
    while (size() <= seen) {
      if (this.#closed || signal?.aborted) return false;
      await this.#next(signal);
    }
    return true;
  }

  #next(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }
}
