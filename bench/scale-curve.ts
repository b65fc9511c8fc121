/** A line through points. */
export type Curve = {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
};

const [WIDTH, HEIGHT] = [720, 420];
const MARGIN = { left: 80, right: 150, top: 40, bottom: 60 };
const COLOURS = ["#0b7285", "#c2410c", "#5f3dc4", "#2b8a3e", "#868e96"];

/** Draws curves over repositories and milliseconds, both on a logarithmic scale, as an SVG. */
export function drawCurves(
  curves: readonly Curve[],
  { title, heading }: { readonly title: string; readonly heading: string },
): string {
  const all = curves.flatMap(({ points }) => points);
  const x = scaleOf(
    all.map((point) => point.x),
    [MARGIN.left, WIDTH - MARGIN.right],
  );
  const y = scaleOf(
    all.map((point) => point.y),
    [HEIGHT - MARGIN.bottom, MARGIN.top],
  );
  const bottom = HEIGHT - MARGIN.bottom;
  const grid = [
    ...x.ticks.map((tick) => line([x.at(tick), MARGIN.top, x.at(tick), bottom])),
    ...y.ticks.map((tick) => line([MARGIN.left, y.at(tick), WIDTH - MARGIN.right, y.at(tick)])),
    ...x.ticks.map((tick) =>
      text([x.at(tick), bottom + 20], tick.toLocaleString("en"), { anchor: "middle" }),
    ),
    ...y.ticks.map((tick) =>
      text([MARGIN.left - 8, y.at(tick) + 4], `${tick.toLocaleString("en")} ms`, { anchor: "end" }),
    ),
  ];
  const drawn = curves.map(({ name, points }, position) => {
    const colour = COLOURS[position % COLOURS.length] ?? "";
    const places = points.map((point) => [x.at(point.x), y.at(point.y)] as const);
    const last = places.at(-1);
    if (!last) return "";
    const dots = places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="4" fill="${colour}"/>`).join("");
    const path = `<polyline points="${places.join(" ")}" fill="none" stroke="${colour}" stroke-width="2.5"/>`;
    return `${path}${dots}${text([last[0] + 10, last[1] + 4], name, { colour })}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">
<title>${title}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>
${text([MARGIN.left, 22], heading, { colour: "#222" })}
${text([(MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 14], "repositories in the registry", { anchor: "middle" })}
${[...grid, ...drawn].join("\n")}
</svg>
`;
}

type Scale = { readonly ticks: readonly number[]; at(value: number): number };

/** Whole powers of ten around all values, spread over so many pixels. */
function scaleOf(values: readonly number[], [from, to]: readonly [number, number]): Scale {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(Math.ceil(Math.log10(Math.max(...values))), first + 1);
  return {
    ticks: Array.from({ length: last - first + 1 }, (_, step) => Number(`1e${first + step}`)),
    at: (value) => Math.round(from + ((to - from) * (Math.log10(value) - first)) / (last - first)),
  };
}

function line([x1, y1, x2, y2]: readonly [number, number, number, number]): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#ddd"/>`;
}

function text([x, y]: readonly [number, number], content: string, look: Look = {}): string {
  const { anchor = "start", colour = "#555" } = look;
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${colour}">${content}</text>`;
}

type Look = { readonly anchor?: "middle" | "end"; readonly colour?: string };
