/** What a style that is written into the page has to show: the server's policy lets no other in. */
import { setNonce } from "get-nonce";

export const nonce: string = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";

/** For the library that keeps a page from scrolling under a dialog. */
setNonce(nonce);
