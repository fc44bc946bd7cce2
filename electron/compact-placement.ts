export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const compactWidth = 360;
const maxHeight = 560;
const gap = 4;

/** Where the compact window goes: under the icon where the bar is at the top, above it where it is at the bottom, whole on the screen. Pure. */
export function compactBounds(icon: Area, workArea: Area): Area {
  const width = Math.min(compactWidth, workArea.width);
  const height = Math.min(maxHeight, workArea.height - gap);
  const centred = Math.round(icon.x + icon.width / 2 - width / 2);
  const isAtTop = icon.y + icon.height / 2 < workArea.y + workArea.height / 2;
  const y = isAtTop ? icon.y + icon.height + gap : icon.y - height - gap;
  return {
    x: within(centred, workArea.x, workArea.x + workArea.width - width),
    y: within(y, workArea.y, workArea.y + workArea.height - height),
    width,
    height,
  };
}

function within(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
