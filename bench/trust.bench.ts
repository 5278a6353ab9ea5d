import { trustGraphBench } from './trust-graph.ts';

export default trustGraphBench('uniform');
