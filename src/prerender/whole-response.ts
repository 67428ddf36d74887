/**
 * The response of a page that is rendered whole, in a build, to be read once. The platform's own makes a stream of the
 * bytes, only to have the same bytes read from it again.
 */
export class WholeResponse extends Response {
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(bytes: Uint8Array<ArrayBuffer>, init: ResponseInit) {
    super(null, init);
    this.#bytes = bytes;
  }

  override get body(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      start: (stream) => {
        stream.enqueue(this.#bytes);
        stream.close();
      },
    });
  }

  /** The bytes themselves where they fill their memory, or else a copy. */
  override async arrayBuffer(): Promise<ArrayBuffer> {
    const { buffer, byteLength } = this.#bytes;
    return byteLength === buffer.byteLength ? buffer : this.#bytes.slice().buffer;
  }
}
