declare module 'postject' {
  /** Puts a blob into a binary. https://github.com/nodejs/postject */
  export function inject(
    file: string,
    name: string,
    blob: Buffer,
    options: { readonly sentinelFuse: string; readonly machoSegmentName?: string },
  ): Promise<void>;
}
