/** A part of a picture in its own pixels, whole numbers, always inside it. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Size {
  width: number;
  height: number;
}

/** No part may be smaller (the server's own limit). */
export const LEAST = 16;

const between = (least: number, value: number, most: number): number => Math.min(Math.max(value, least), Math.max(least, most));

export function moved(box: Box, x: number, y: number, all: Size): Box {
  return {
    ...box,
    left: Math.round(between(0, box.left + x, all.width - box.width)),
    top: Math.round(between(0, box.top + y, all.height - box.height)),
  };
}

/** One corner ("nw", "se"…) pulled by (x, y), the opposite one stays; `ratio` width : height, 0 for any. */
export function pulled(box: Box, corner: string, x: number, y: number, ratio: number, all: Size): Box {
  const west = corner.includes("w");
  const north = corner.includes("n");
  const fixed = { x: west ? box.left + box.width : box.left, y: north ? box.top + box.height : box.top };
  const room = { width: west ? fixed.x : all.width - fixed.x, height: north ? fixed.y : all.height - fixed.y };
  let width = between(LEAST, box.width + (west ? -x : x), room.width);
  let height = between(LEAST, box.height + (north ? -y : y), room.height);
  if (ratio) {
    // The side that was pulled further leads.
    if (Math.abs(y) > Math.abs(x)) width = height * ratio;
    width = between(Math.max(LEAST, LEAST * ratio), width, Math.min(room.width, room.height * ratio));
    height = width / ratio;
  }
  width = Math.round(width);
  height = Math.round(height);
  return { left: west ? fixed.x - width : fixed.x, top: north ? fixed.y - height : fixed.y, width, height };
}

/** The largest part of that ratio in the middle of `box`'s picture; the whole picture for 0. */
export function largest(ratio: number, all: Size): Box {
  if (!ratio) return { left: 0, top: 0, ...all };
  const width = Math.max(1, Math.floor(Math.min(all.width, all.height * ratio)));
  const height = Math.max(1, Math.min(all.height, Math.round(width / ratio)));
  return { left: Math.floor((all.width - width) / 2), top: Math.floor((all.height - height) / 2), width, height };
}

/** What was typed, brought inside the picture. */
export function inside(box: Box, all: Size): Box {
  const whole = (value: number): number => (Number.isFinite(value) ? Math.round(value) : 0);
  const width = between(Math.min(LEAST, all.width), whole(box.width), all.width);
  const height = between(Math.min(LEAST, all.height), whole(box.height), all.height);
  return { left: between(0, whole(box.left), all.width - width), top: between(0, whole(box.top), all.height - height), width, height };
}
