import "./strips.css";

/** The unit filter applies itself. */
document.querySelector<HTMLSelectElement>("#unit")?.addEventListener("change", (event) => {
  (event.target as HTMLSelectElement).form?.requestSubmit();
});
