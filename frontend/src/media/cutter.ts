import { inside, largest, moved, pulled, type Box, type Size } from "./geometry";

/** The frame over a picture: by mouse, finger or arrow keys; the four numbers of the form are the truth. */
export function startCutter(form: HTMLFormElement): void {
  const stage = form.querySelector<HTMLElement>("[data-stage]");
  const frame = form.querySelector<HTMLElement>("[data-box]");
  if (!stage || !frame) return;
  const all: Size = { width: Number(form.dataset.width), height: Number(form.dataset.height) };
  const field = (name: keyof Box): HTMLInputElement => form.elements.namedItem(name) as HTMLInputElement;
  const typed = (): Box => inside({ left: field("left").valueAsNumber, top: field("top").valueAsNumber, width: field("width").valueAsNumber, height: field("height").valueAsNumber }, all);
  let box = typed();
  let ratio = 0;

  function draw(): void {
    frame!.style.left = `${(box.left / all.width) * 100}%`;
    frame!.style.top = `${(box.top / all.height) * 100}%`;
    frame!.style.width = `${(box.width / all.width) * 100}%`;
    frame!.style.height = `${(box.height / all.height) * 100}%`;
  }

  function set(next: Box, aloud = false): void {
    box = next;
    for (const name of ["left", "top", "width", "height"] as const) field(name).value = String(box[name]);
    draw();
    const said = form.querySelector<HTMLElement>("[data-said]");
    if (aloud && said) said.textContent = (said.dataset.words ?? "").replace(/\{(\w+)\}/g, (_all, key: string) => String(box[key as keyof Box]));
  }

  frame.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const corner = (event.target as HTMLElement).dataset.corner;
    (event.target as HTMLElement).focus();
    const scale = all.width / stage.clientWidth;
    const start = box;
    const move = (next: PointerEvent): void => {
      const x = (next.clientX - event.clientX) * scale;
      const y = (next.clientY - event.clientY) * scale;
      set(corner ? pulled(start, corner, x, y, ratio, all) : moved(start, x, y, all));
    };
    const end = (): void => {
      window.removeEventListener("pointermove", move);
      set(box, true);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end, { once: true });
    window.addEventListener("pointercancel", end, { once: true });
  });

  frame.addEventListener("keydown", (event) => {
    const step = event.ctrlKey || event.metaKey ? 1 : Math.max(1, Math.round(Math.max(all.width, all.height) / 100));
    const [x, y] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [0, 0];
    if (!x && !y) return;
    event.preventDefault();
    const corner = (event.target as HTMLElement).dataset.corner ?? (event.shiftKey ? "se" : "");
    set(corner ? pulled(box, corner, x, y, ratio, all) : moved(box, x, y, all), true);
  });

  for (const name of ["left", "top", "width", "height"] as const) {
    field(name).addEventListener("input", () => {
      box = typed();
      draw();
    });
    field(name).addEventListener("change", () => set(typed(), true));
  }

  const ratios = [...form.querySelectorAll<HTMLButtonElement>("[data-ratio]")];
  const press = (chosen?: HTMLButtonElement): void => ratios.forEach((button) => button.setAttribute("aria-pressed", String(button === chosen)));
  ratios.forEach((button) => button.addEventListener("click", () => {
    ratio = Number(button.dataset.ratio);
    press(button);
    if (ratio) set(largest(ratio, all), true);
  }));
  form.querySelector("[data-whole]")?.addEventListener("click", () => {
    ratio = 0;
    press(ratios.find((button) => !button.dataset.ratio));
    set(largest(0, all), true);
  });

  frame.hidden = false;
  set(box);
}
