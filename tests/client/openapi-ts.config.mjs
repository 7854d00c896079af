// What is read and where it goes is said by whoever starts it.
export default {
  input: process.env.DOCUMENT,
  output: { path: process.env.GENERATED, module: { extension: ".js" } },
  plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
};
