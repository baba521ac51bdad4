/** What a chart's table says, read from its cells. */

export interface Point {
  /** One number, several (steps), or none: not known. */
  values: number[];
  text: string;
  colour: string;
  striped: boolean;
}

export interface Series {
  name: string;
  colour: string;
  striped: boolean;
  points: Point[];
}

export interface Figures {
  labels: string[];
  /** What stands at the axis. */
  shorts: string[];
  series: Series[];
  stacked: boolean;
  line: number | null;
  lineWords: string;
}

const text = (cell: HTMLElement): string => (cell.textContent ?? "").replace(/\s+/g, " ").trim();

/** Columns whose head names a data-colour are drawn; a cell's number is its data-value, else its text. */
export function read(table: HTMLTableElement): Figures {
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  const rows = [...(table.tBodies[0]?.rows ?? [])];
  const series = heads.flatMap((head, column) =>
    head.dataset.colour
      ? [
          {
            name: text(head),
            colour: head.dataset.colour,
            striped: head.dataset.striped !== undefined,
            points: rows.map((row) => point(row.cells[column], head.dataset.colour ?? "")),
          },
        ]
      : [],
  );
  return {
    labels: rows.map((row) => text(row.cells[0])),
    shorts: rows.map((row) => row.cells[0].dataset.short ?? text(row.cells[0])),
    series,
    stacked: table.dataset.stacked !== undefined,
    line: table.dataset.line ? Number(table.dataset.line) : null,
    lineWords: table.dataset.lineWords ?? "",
  };
}

function point(cell: HTMLTableCellElement, colour: string): Point {
  const raw = cell.dataset.value ?? text(cell).replace(/,/g, "");
  const values = raw.split(" ").filter((part) => part !== "").map(Number);
  return {
    values: values.every(Number.isFinite) ? values : [],
    text: text(cell),
    colour: cell.dataset.colour ?? colour,
    striped: cell.dataset.striped !== undefined,
  };
}
