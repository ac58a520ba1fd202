import { list } from 'postcss';

/**
 * govuk-frontend speaks of left and right; a page in Urdu runs the other way. This step renames
 * physical sides to logical ones at build time, also those of `padding: 0 0 1rem 1.5rem`, so that one stylesheet
 * serves both directions.
 */
const renamed = {
  'margin-left': 'margin-inline-start',
  'margin-right': 'margin-inline-end',
  'padding-left': 'padding-inline-start',
  'padding-right': 'padding-inline-end',
  'border-left': 'border-inline-start',
  'border-right': 'border-inline-end',
  'border-left-color': 'border-inline-start-color',
  'border-right-color': 'border-inline-end-color',
  'border-left-width': 'border-inline-start-width',
  'border-right-width': 'border-inline-end-width',
  left: 'inset-inline-start',
  right: 'inset-inline-end',
};

/** @returns {import('postcss').Plugin} */
export function logicalSides() {
  return {
    postcssPlugin: 'logical-sides',
    Declaration(decl) {
      const prop = renamed[/** @type {keyof typeof renamed} */ (decl.prop)];
      if (prop) decl.prop = prop;
      if (decl.prop === 'margin' || decl.prop === 'padding') {
        const [top, right, bottom, left] = list.space(decl.value);
        if (left && left !== right) {
          decl.cloneBefore({ prop: `${decl.prop}-block`, value: `${top} ${bottom}` });
          decl.assign({ prop: `${decl.prop}-inline`, value: `${left} ${right}` });
        }
      }
      if (decl.prop === 'text-align' || decl.prop === 'float') {
        if (decl.value === 'left') decl.value = decl.prop === 'float' ? 'inline-start' : 'start';
        if (decl.value === 'right') decl.value = decl.prop === 'float' ? 'inline-end' : 'end';
      }
    },
  };
}
