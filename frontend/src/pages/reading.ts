/** Pages that show a post without editing it: only the looks of the composer. */
import "../composer/composer.css";
export {};
