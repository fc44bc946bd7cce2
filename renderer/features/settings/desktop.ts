/** The platform of the desktop app that shows this page; undefined in a browser. */
export function desktopPlatform(): string | undefined {
  return globalThis.sallyport?.platform;
}
