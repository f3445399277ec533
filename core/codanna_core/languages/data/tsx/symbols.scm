; Everything comes from TypeScript.
