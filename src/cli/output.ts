/** What reaches a terminal: text without control characters, and output to a pipe that may close. */

/** Control, format and separator characters but the newline and tab of our own messages. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text with hidden characters made visible, so that a file name cannot drive the terminal. */
export function printable(text: string): string {
  return text.replace(hidden, (char) =>
    char === "\n" || char === "\t"
      ? char
      : `⟨U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}

/**
 * Lets the command end as it would when whoever reads its output has seen enough (`| head`): without a listener the
 * stream's error would end the process, and with it a scan.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}

/** Writes to stdout and waits until it is taken, so that a long output is not cut at exit. */
export function writeOut(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      // See `outliveReaders`.
      if (error && (error as NodeJS.ErrnoException).code !== "EPIPE") reject(error);
      else resolve();
    });
  });
}

/** Writes bytes to stdout and waits until they are taken. False when whoever reads has seen enough. */
export function writeBytes(bytes: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      const { code } = (error ?? {}) as NodeJS.ErrnoException;
      if (error && code !== "EPIPE" && code !== "ERR_STREAM_DESTROYED") reject(error);
      else resolve(!error);
    });
  });
}
