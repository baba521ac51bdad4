import { say } from "../lib/words";
import { make } from "./dom";

export interface Cover {
  sha256?: string;
  crops?: Record<string, string>;
}

/** The crops of an article's cover by their ratio (width : height, "2.35:1"), each moved along the side that has room. */
export function cropChoice(id: string, cover: Cover, set: (crops: Record<string, string>) => void): HTMLElement {
  const crops = { ...cover.crops };
  const box = make("div", { id, class: "crops" });
  let timer = 0;
  const wide = (ratio: string): number => Number(ratio.split(":")[0]) / Number(ratio.split(":")[1]);
  for (const ratio of Object.keys(crops).sort((a, b) => wide(b) - wide(a))) {
    box.append(one(`${id}-${ratio.replace(/\W/g, "-")}`, cover.sha256 ?? "", ratio, crops[ratio], (moved) => {
      crops[ratio] = moved;
      // Each press of an arrow key is a change: wait for the last.
      window.clearTimeout(timer);
      timer = window.setTimeout(() => set(crops), 700);
    }));
  }
  return box;
}

function one(id: string, sha256: string, ratio: string, crop: string, moved: (crop: string) => void): HTMLElement {
  const [x1, y1, x2, y2] = crop.split("_").map(Number);
  const [wide, high] = [x2 - x1, y2 - y1];
  const sideways = 1 - wide > 0.0005;
  const room = sideways ? 1 - wide : 1 - high;
  const picture = make("img", { src: `/media/${sha256}`, alt: "", class: "crop-shown" });
  picture.style.aspectRatio = ratio.replace(":", "/");
  const slider = make("input", { id, type: "range", min: "0", max: "100", class: "form-range" });
  slider.value = String(room > 0.0005 ? Math.round(((sideways ? x1 : y1) / room) * 100) : 50);
  slider.disabled = room <= 0.0005;
  const place = (): void => {
    picture.style.objectPosition = sideways ? `${slider.value}% 50%` : `50% ${slider.value}%`;
  };
  slider.addEventListener("input", place);
  slider.addEventListener("change", () => {
    const start = (room * Number(slider.value)) / 100;
    const corners = sideways ? [start, y1, start + wide, y2] : [x1, start, x2, start + high];
    moved(corners.map((corner) => String(Number(Math.min(1, corner).toFixed(6)))).join("_"));
  });
  place();
  const label = say({ "1:1": "cropSmall", "16:9": "cropWide" }[ratio] ?? "cropLarge");
  const whole = make("div", { class: "crop" }, picture, make("label", { class: "small", for: id }, label), slider);
  whole.style.setProperty("--ratio", String(ratio.split(":").map(Number).reduce((across, down) => across / down)));
  return whole;
}
