/** The colours and type of the page as it is now, light or dark, from the tokens of style.css. */
export interface Looks {
  ink: string;
  muted: string;
  line: string;
  surface: string;
  font: string;
  narrow: boolean;
  still: boolean;
  colour(token: string): string;
}

export function looks(figure: HTMLElement): Looks {
  const style = getComputedStyle(figure);
  const colour = (token: string): string => style.getPropertyValue(`--${token}`).trim();
  return {
    ink: colour("ink"),
    muted: colour("muted"),
    line: colour("line"),
    surface: colour("surface"),
    font: style.fontFamily,
    narrow: figure.clientWidth < 480,
    still: window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    colour,
  };
}

/** Stripes, so that colour never stands alone. */
export const stripes = (over: string): object => ({
  symbol: "rect",
  dashArrayX: [1, 0],
  dashArrayY: [2, 4],
  rotation: -Math.PI / 4,
  color: over,
});
