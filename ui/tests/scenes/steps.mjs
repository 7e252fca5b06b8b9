/** Ways into a state that a scene alone does not show. */
export const stay = async () => {};

export const press =
  (...names) =>
  async (page) => {
    for (const name of names) await page.getByTestId(name).click();
  };

/** Scenes that need no step, under their own name. */
export const asTheyAre = (...scenes) => scenes.map((scene) => [scene, scene, stay]);
