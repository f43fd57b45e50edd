/** Version of the tool as results carry it; a test holds it against package.json. */
export const VERSION = '0.1.0';
