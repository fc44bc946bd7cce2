/** What the desktop's preload tells of itself; a browser has none. */
interface DesktopWindow {
  readonly sallyport?: { readonly platform?: string };
}

/** The platform of the desktop app that shows this page; undefined in a browser. */
export function desktopPlatform(): string | undefined {
  return (globalThis as DesktopWindow).sallyport?.platform;
}
