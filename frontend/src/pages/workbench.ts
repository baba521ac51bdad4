import "./strips.css";
import "./workbench.css";
import "../lib/charts";

/** Puts the day's dots at their hours and moves the now-line; again whenever the columns were fetched afresh. */
function place(): void {
  document.querySelectorAll<HTMLElement>(".day [data-place]").forEach((mark) => {
    mark.style.left = `${mark.dataset.place}%`;
  });
}

place();
document.addEventListener("htmx:afterSettle", place);
