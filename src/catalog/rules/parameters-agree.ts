import { type Architecture, weighModel } from '../../vram/index.ts';
import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';

const TOLERANCE = 0.01;

/** Parameters of the main model, counted from its tensors; undefined where the estimator does not know them. */
function countParameters(architecture: Architecture): number | undefined {
  try {
    return weighModel(architecture, 'F16', { mtpInFile: false }).parameters;
  } catch {
    return undefined;
  }
}

/** `parameters.total` is within 1 % of the tensors that the estimator counts, or the record says why not. */
export const parametersAgree: Rule = (drafts) =>
  drafts.models.flatMap(({ id, parameters, parametersDiffer, architecture }) => {
    if (parameters === undefined || architecture === undefined) return [];
    const counted = countParameters(architecture);
    if (counted === undefined) return [];
    const difference = parameters.total / counted - 1;
    const differs = Math.abs(difference) > TOLERANCE;
    if (differs && parametersDiffer === undefined) {
      const percent = `${difference > 0 ? '+' : ''}${(difference * 100).toFixed(1)} %`;
      return [
        problemIn('models', id, ['parameters', 'total'], {
          found: `${parameters.total}, ${percent} from the ${counted} that the tensors of \`architecture\` have`,
          expected: 'a difference of at most 1 %',
          fix: 'correct the number or the architecture, or say why in "parametersDiffer:"',
        }),
      ];
    }
    if (!differs && parametersDiffer !== undefined) {
      return [
        problemIn('models', id, ['parametersDiffer'], {
          found: `a reason, though ${parameters.total} is within 1 % of the counted ${counted}`,
          expected: 'a reason only where they differ by more than 1 %',
          fix: 'remove "parametersDiffer"',
        }),
      ];
    }
    return [];
  });
