/** Pages that show a post without editing it: the looks of the composer, and the preview on a phone. */
import "../composer/composer.css";
import { phonePreview } from "../composer/phone";

phonePreview();
