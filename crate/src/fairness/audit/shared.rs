//! What both audits do alike: settings, tables, gaps, differences. Written once.

/// The settings and methods of an audit whose metrics are `$metric`; the audit itself says how its rows are read (`task`) and
/// what another model's column replaces (`with_other`).
macro_rules! shared_by_audits {
    ($metric:ty) => {
        /// The columns of groups: words, whole numbers or booleans.
        #[must_use]
        pub fn groups(mut self, columns: &[&str]) -> Self {
            self.groups = columns.iter().map(|&column| column.to_owned()).collect();
            self
        }

        /// Groups of words in the order in which the frame first has them. Default: in alphabetical order.
        #[must_use]
        pub fn keep_order(mut self) -> Self {
            self.keep_order = true;
            self
        }

        #[doc = concat!("What to measure, in this order. Default: [`", stringify!($metric), "::AUDITED`].")]
        #[must_use]
        pub fn metrics(mut self, metrics: &[$metric]) -> Self {
            self.metrics = Some(metrics.to_vec());
            self
        }

        /// Number of images below which a group is left out of [`gaps`](Self::gaps): one image alone
        /// has a rate of 0 or 1, and makes the largest gap. Default: 1, every group counts.
        #[must_use]
        pub fn min_size(mut self, images: usize) -> Self {
            self.min_size = images;
            self
        }

        /// Number of bootstrap resamples and of permutations, 100 at least. Default: 2000.
        #[must_use]
        pub fn resamples(mut self, resamples: usize) -> Self {
            self.resamples = resamples;
            self
        }

        /// Seed of everything drawn at random; the same seed gives the same numbers whatever the number
        /// of processors. Default: 42.
        #[must_use]
        pub fn seed(mut self, seed: u64) -> Self {
            self.seed = seed;
            self
        }

        /// All images together, as one line of [`by_group`](Self::by_group).
        ///
        /// # Errors
        /// Those of [`by_group`](Self::by_group).
        pub fn overall(&self) -> Result<DataFrame> {
            let task = self.task()?;
            let whole = [Factor::whole(task.rows())];
            engine::table(&task, &whole, self.draws())
        }

        /// Every metric in every group, one line a group of each column.
        ///
        /// | column | type | content |
        /// |---|---|---|
        /// | `factor`, `group` | str | the column of groups, and the group |
        /// | `n` | u32 | images |
        /// | `positives`, `negatives`, `tp`, `fp`, `tn`, `fn` | u32 | of yes / no answers: counts of labels and of answers |
        /// | `M`, `M_low`, `M_high` | f64 | for each metric `M`, under its name: value and 95 % interval (Wilson for a rate, BCa bootstrap otherwise); empty when it does not exist |
        /// | `small` | bool | fewer than 30 images |
        /// | `note` | str | in French, why a cell is empty or doubtful |
        ///
        /// # Errors
        /// [`Error::Column`](crate::Error::Column) for a column that is missing, holds an empty cell, NaN or a value out of range, or that
        /// makes no groups; [`Error::NotAProbability`](crate::Error::NotAProbability) for a score outside [0, 1]; [`Error::Argument`](crate::Error::Argument) for a
        /// setting or an empty frame.
        pub fn by_group(&self) -> Result<DataFrame> {
            let task = self.task()?;
            let groups = self.read_groups()?.required()?;
            engine::table(&task, &groups.single, self.draws())
        }

        /// The same for every crossing of the group columns: women of type VI, men of type VI…
        ///
        /// # Errors
        /// Those of [`by_group`](Self::by_group).
        pub fn by_intersection(&self) -> Result<DataFrame> {
            let task = self.task()?;
            let finest = self.read_groups()?.required()?.finest();
            engine::table(&task, finest.as_slice(), self.draws())
        }

        /// Largest gaps between groups, for each column and their crossing: one line a metric.
        ///
        /// | column | type | content |
        /// |---|---|---|
        /// | `factor` | str | the column of groups |
        /// | `criterion` | str | « demographic_parity », « equal_opportunity », « equalized_odds » (the larger of the gaps of TPR and FPR) or the metric |
        /// | `groups` | u32 | groups that are compared |
        /// | `difference`, `low`, `high` | f64 | highest − lowest value, and an interval that holds for all pairs of groups |
        /// | `ratio` | f64 | lowest / highest |
        /// | `variance` | f64 | variance of the values between groups, divisor n |
        /// | `lowest`, `lowest_value`, `highest`, `highest_value` | str, f64 | the groups at both ends; no names when all groups are equal |
        /// | `worst` | str | the group that fares worst; empty when neither end is better |
        /// | `p_value` | f64 | permutation test: share of random groupings with such a gap |
        /// | `p_holm` | f64 | the same, corrected for the number of tests of this frame |
        /// | `small`, `note` | bool, str | as in [`by_group`](Self::by_group), for the smallest group compared |
        ///
        /// The interval is wide on purpose (Bonferroni-like): a largest gap is chosen among many, and chance
        /// alone makes one. Rates are drawn again with one success and one failure more, so that 5 out of 5
        /// may vary. The permutation test of TPR (FPR, AUC) exchanges images of the same label only, that of the
        /// standardised MAE images of the same age bin only.
        ///
        /// # Errors
        /// Those of [`by_group`](Self::by_group).
        pub fn gaps(&self) -> Result<DataFrame> {
            let task = self.task()?;
            let factors = self.read_groups()?.required()?.all();
            gaps::gaps(&task, &factors, self.min_size, self.draws())
        }

        /// Each group of `factor` (a group column, or their crossing « tone × gender ») minus the group `reference`.
        ///
        /// | column | type | content |
        /// |---|---|---|
        /// | `factor`, `group`, `reference`, `metric` | str | what is compared |
        /// | `n`, `n_reference` | u32 | images that the metric looks at (positives, for the TPR) |
        /// | `value`, `reference_value` | f64 | the metric in both groups |
        /// | `difference`, `low`, `high` | f64 | value − reference value, 95 % interval |
        /// | `p_value`, `p_holm` | f64 | permutation test of both groups; corrected for the number of groups |
        /// | `small`, `note` | bool, str | as in [`by_group`](Self::by_group), for the smaller of both groups |
        ///
        /// # Errors
        /// Those of [`by_group`](Self::by_group), and [`Error::Argument`](crate::Error::Argument) for a factor or group that does not exist.
        pub fn differences(
            &self,
            factor: &str,
            reference: &str,
            metric: $metric,
        ) -> Result<DataFrame> {
            let task = self.only(metric).task()?;
            let factor = self.read_groups()?.required()?.named(factor)?;
            let measure = engine::first(&task, &factor)?;
            compare::differences(&measure, &factor, reference, self.draws())
        }

        /// This model and another on the same images: all together, in each group, in each crossing.
        /// `other` is the other model's column, of the same sort as this one's.
        ///
        /// | column | type | content |
        /// |---|---|---|
        /// | `factor`, `group`, `metric` | str | where (« ensemble » for all), what |
        /// | `n` | u32 | images that the metric looks at |
        /// | `value`, `other_value` | f64 | this model, the other |
        /// | `difference`, `low`, `high` | f64 | other − this one, paired 95 % bootstrap interval |
        /// | `only_first`, `only_second` | u32 | images that count in the rate with this model alone, with the other alone |
        /// | `p_value`, `p_holm` | f64 | exact McNemar test for a rate; for the other metrics and for precision, a permutation test that exchanges the models' answers image by image |
        /// | `small`, `note` | bool, str | as in [`by_group`](Self::by_group) |
        ///
        /// # Errors
        /// Those of [`by_group`](Self::by_group); [`Error::Argument`](crate::Error::Argument) for the standardised MAE.
        pub fn against(&self, other: &str, metric: $metric) -> Result<DataFrame> {
            let one = self.only(metric);
            let tasks = [one.task()?, one.with_other(other, metric)?.task()?];
            let mut factors = vec![Factor::whole(tasks[0].rows())];
            factors.extend(self.read_groups()?.all());
            let [one, two] = [
                engine::first(&tasks[0], &factors[0])?,
                engine::first(&tasks[1], &factors[0])?,
            ];
            compare::against([&one, &two], &factors, self.draws())
        }

        /// One metric along a known factor (light, blur, expression…): a column of words as it is, a column of
        /// numbers cut into at most `classes` classes of about equal size.
        ///
        /// | column | type | content |
        /// |---|---|---|
        /// | `factor`, `group` | str | the column, and the class: « 0,1 à 0,25 » |
        /// | `from`, `to`, `centre` | f64 | smallest, largest and mean value of the column in the class; empty for words |
        /// | `metric` | str | what is measured |
        /// | `n` | u32 | images that the metric looks at |
        /// | `value`, `low`, `high` | f64 | the metric and its 95 % interval |
        /// | `small`, `note` | bool, str | as in [`by_group`](Self::by_group) |
        ///
        /// # Errors
        /// Those of [`by_group`](Self::by_group); [`Error::Argument`](crate::Error::Argument) for fewer than two classes.
        pub fn by_factor(
            &self,
            column: &str,
            metric: $metric,
            classes: usize,
        ) -> Result<DataFrame> {
            let task = self.only(metric).task()?;
            let classes = Classes::read(&self.frame, column, classes)?;
            let measure = engine::first(&task, &classes.factor)?;
            engine::by_class(&measure, &classes, self.draws())
        }

        /// The same audit, of one metric.
        fn only(&self, metric: $metric) -> Self {
            self.clone().metrics(&[metric])
        }

        fn read_groups(&self) -> Result<Groups> {
            Groups::read(&self.frame, &self.groups, self.keep_order)
        }

        fn draws(&self) -> Draws {
            Draws::new(self.seed, self.resamples)
        }
    };
}

pub(super) use shared_by_audits;

/// Number of resamples and of permutations, unless told otherwise.
pub(super) const RESAMPLES: usize = 2000;
/// Seed, unless told otherwise: that of the sessions.
pub(super) const SEED: u64 = 42;
