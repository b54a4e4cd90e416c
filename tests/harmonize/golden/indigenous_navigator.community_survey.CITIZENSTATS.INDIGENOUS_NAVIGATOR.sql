WITH current AS NOT MATERIALIZED (
  SELECT
    *
  FROM (SELECT * FROM records)
), derived AS NOT MATERIALIZED (
  SELECT
    *
  FROM current
), coded AS NOT MATERIALIZED (
  SELECT
    "year" AS "in_TIME_PERIOD",
    CASE CAST("country" AS TEXT)
      WHEN 'kenya'
      THEN 'KE'
      WHEN 'nepal'
      THEN 'NP'
      WHEN 'peru'
      THEN 'PE'
    END AS "in_REF_AREA",
    _delivery,
    CAST((
      data_on_men
    ) AS INT) AS _y0,
    1 * (
      CAST((
        data_on_men
      ) AS INT)
    ) AS _num0,
    CASE WHEN NOT (
      CAST((
        data_on_men
      ) AS INT)
    ) IS NULL THEN 1 END AS _den0,
    CAST((
      data_on_other_women
    ) AS INT) AS _y1,
    1 * (
      CAST((
        data_on_other_women
      ) AS INT)
    ) AS _num1,
    CASE WHEN NOT (
      CAST((
        data_on_other_women
      ) AS INT)
    ) IS NULL THEN 1 END AS _den1,
    CAST((
      leadership
    ) AS INT) AS _y2,
    1 * (
      CAST((
        leadership
      ) AS INT)
    ) AS _num2,
    CASE WHEN NOT (
      CAST((
        leadership
      ) AS INT)
    ) IS NULL THEN 1 END AS _den2,
    CAST((
      conflict
    ) AS INT) AS _y3,
    1 * (
      CAST((
        conflict
      ) AS INT)
    ) AS _num3,
    CASE WHEN NOT (
      CAST((
        conflict
      ) AS INT)
    ) IS NULL THEN 1 END AS _den3,
    CAST((
      conflict_state
    ) AS INT) AS _y4,
    1 * (
      CAST((
        conflict_state
      ) AS INT)
    ) AS _num4,
    CASE WHEN NOT (
      CAST((
        conflict_state
      ) AS INT)
    ) IS NULL THEN 1 END AS _den4,
    CAST((
      conflict_company
    ) AS INT) AS _y5,
    1 * (
      CAST((
        conflict_company
      ) AS INT)
    ) AS _num5,
    CASE WHEN NOT (
      CAST((
        conflict_company
      ) AS INT)
    ) IS NULL THEN 1 END AS _den5,
    CAST((
      conflict_neighbours
    ) AS INT) AS _y6,
    1 * (
      CAST((
        conflict_neighbours
      ) AS INT)
    ) AS _num6,
    CASE WHEN NOT (
      CAST((
        conflict_neighbours
      ) AS INT)
    ) IS NULL THEN 1 END AS _den6,
    CAST((
      land_lost
    ) AS INT) AS _y7,
    1 * (
      CAST((
        land_lost
      ) AS INT)
    ) AS _num7,
    CASE WHEN NOT (
      CAST((
        land_lost
      ) AS INT)
    ) IS NULL THEN 1 END AS _den7,
    CAST((
      school_km
    ) AS DOUBLE) AS _y8,
    1 * (
      CAST((
        school_km
      ) AS DOUBLE)
    ) AS _num8,
    CASE WHEN NOT (
      CAST((
        school_km
      ) AS DOUBLE)
    ) IS NULL THEN 1 END AS _den8
  FROM derived
), cells AS MATERIALIZED (
  SELECT
    "in_TIME_PERIOD",
    "in_REF_AREA",
    _delivery,
    COUNT(_y0) AS _n0,
    SUM(_y0) AS _k0,
    SUM(_num0) AS _num0,
    SUM(_den0) AS _den0,
    COUNT(_y1) AS _n1,
    SUM(_y1) AS _k1,
    SUM(_num1) AS _num1,
    SUM(_den1) AS _den1,
    COUNT(_y2) AS _n2,
    SUM(_y2) AS _k2,
    SUM(_num2) AS _num2,
    SUM(_den2) AS _den2,
    COUNT(_y3) AS _n3,
    SUM(_y3) AS _k3,
    SUM(_num3) AS _num3,
    SUM(_den3) AS _den3,
    COUNT(_y4) AS _n4,
    SUM(_y4) AS _k4,
    SUM(_num4) AS _num4,
    SUM(_den4) AS _den4,
    COUNT(_y5) AS _n5,
    SUM(_y5) AS _k5,
    SUM(_num5) AS _num5,
    SUM(_den5) AS _den5,
    COUNT(_y6) AS _n6,
    SUM(_y6) AS _k6,
    SUM(_num6) AS _num6,
    SUM(_den6) AS _den6,
    COUNT(_y7) AS _n7,
    SUM(_y7) AS _k7,
    SUM(_num7) AS _num7,
    SUM(_den7) AS _den7,
    COUNT(_y8) AS _n8,
    COUNT(NULLIF(_y8, 0)) AS _k8,
    SUM(_num8) AS _num8,
    SUM(_den8) AS _den8,
    SUM(_num8 * _y8) AS _q8,
    MAX(ABS(_num8)) AS _most8
  FROM coded
  GROUP BY
    "in_TIME_PERIOD",
    "in_REF_AREA",
    _delivery
), sums AS (
  SELECT
    "in_TIME_PERIOD",
    "in_REF_AREA",
    GROUPING("in_REF_AREA") = 1 AS "all_REF_AREA",
    CAST(COALESCE(SUM(_n0), 0) AS BIGINT) AS _n0,
    CAST(COALESCE(SUM(_k0), 0) AS BIGINT) AS _k0,
    SUM(_num0) AS _num0,
    SUM(_den0) AS _den0,
    CAST(COALESCE(SUM(_n1), 0) AS BIGINT) AS _n1,
    CAST(COALESCE(SUM(_k1), 0) AS BIGINT) AS _k1,
    SUM(_num1) AS _num1,
    SUM(_den1) AS _den1,
    CAST(COALESCE(SUM(_n2), 0) AS BIGINT) AS _n2,
    CAST(COALESCE(SUM(_k2), 0) AS BIGINT) AS _k2,
    SUM(_num2) AS _num2,
    SUM(_den2) AS _den2,
    CAST(COALESCE(SUM(_n3), 0) AS BIGINT) AS _n3,
    CAST(COALESCE(SUM(_k3), 0) AS BIGINT) AS _k3,
    SUM(_num3) AS _num3,
    SUM(_den3) AS _den3,
    CAST(COALESCE(SUM(_n4), 0) AS BIGINT) AS _n4,
    CAST(COALESCE(SUM(_k4), 0) AS BIGINT) AS _k4,
    SUM(_num4) AS _num4,
    SUM(_den4) AS _den4,
    CAST(COALESCE(SUM(_n5), 0) AS BIGINT) AS _n5,
    CAST(COALESCE(SUM(_k5), 0) AS BIGINT) AS _k5,
    SUM(_num5) AS _num5,
    SUM(_den5) AS _den5,
    CAST(COALESCE(SUM(_n6), 0) AS BIGINT) AS _n6,
    CAST(COALESCE(SUM(_k6), 0) AS BIGINT) AS _k6,
    SUM(_num6) AS _num6,
    SUM(_den6) AS _den6,
    CAST(COALESCE(SUM(_n7), 0) AS BIGINT) AS _n7,
    CAST(COALESCE(SUM(_k7), 0) AS BIGINT) AS _k7,
    SUM(_num7) AS _num7,
    SUM(_den7) AS _den7,
    CAST(COALESCE(SUM(_n8), 0) AS BIGINT) AS _n8,
    CAST(COALESCE(SUM(_k8), 0) AS BIGINT) AS _k8,
    SUM(_num8) AS _num8,
    SUM(_den8) AS _den8,
    SUM(_q8) AS _q8,
    MAX(_most8) AS _most8
  FROM cells
  GROUP BY
    GROUPING SETS (
      (
        "in_TIME_PERIOD"
      ),
      ("in_TIME_PERIOD", "in_REF_AREA")
    )
), behind AS (
  SELECT
    "in_TIME_PERIOD" AS period,
    LIST_SORT(ARRAY_AGG(DISTINCT _delivery)) AS deliveries
  FROM cells
  WHERE
    NOT _delivery IS NULL
  GROUP BY ALL
), indicators AS (
  SELECT
    *,
    UNNEST(
      [
        {'key': 'I31_MEN', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n0 AS BIGINT), 'k': CAST(_k0 AS BIGINT), 'size': CAST(_n0 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num0 AS DOUBLE), 'denominator': CAST(_den0 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'set_INDICATOR': 'I31', 'set_ITEM': 'INDIGENOUS_MEN', 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'I31_OTHER_WOMEN', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n1 AS BIGINT), 'k': CAST(_k1 AS BIGINT), 'size': CAST(_n1 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num1 AS DOUBLE), 'denominator': CAST(_den1 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'set_INDICATOR': 'I31', 'set_ITEM': 'NON_INDIGENOUS_WOMEN', 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'I128', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n2 AS BIGINT), 'k': CAST(_k2 AS BIGINT), 'size': CAST(_n2 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num2 AS DOUBLE), 'denominator': CAST(_den2 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'set_INDICATOR': CAST(NULL AS TEXT), 'set_ITEM': CAST(NULL AS TEXT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'COM_TERRITORY_CONFLICT', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n3 AS BIGINT), 'k': CAST(_k3 AS BIGINT), 'size': CAST(_n3 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num3 AS DOUBLE), 'denominator': CAST(_den3 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'set_INDICATOR': CAST(NULL AS TEXT), 'set_ITEM': CAST(NULL AS TEXT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'CONFLICT_STATE', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n4 AS BIGINT), 'k': CAST(_k4 AS BIGINT), 'size': CAST(_n4 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num4 AS DOUBLE), 'denominator': CAST(_den4 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'set_INDICATOR': 'COM_TERRITORY_CONFLICT', 'set_ITEM': 'STATE', 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'CONFLICT_COMPANY', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n5 AS BIGINT), 'k': CAST(_k5 AS BIGINT), 'size': CAST(_n5 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num5 AS DOUBLE), 'denominator': CAST(_den5 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'set_INDICATOR': 'COM_TERRITORY_CONFLICT', 'set_ITEM': 'COMPANY', 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'CONFLICT_NEIGHBOURS', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n6 AS BIGINT), 'k': CAST(_k6 AS BIGINT), 'size': CAST(_n6 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num6 AS DOUBLE), 'denominator': CAST(_den6 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'set_INDICATOR': 'COM_TERRITORY_CONFLICT', 'set_ITEM': 'NEIGHBOURS', 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'COM_LAND_LOSS', 'kind': 'proportion', 'scale': CAST(100 AS DOUBLE), 'n': CAST(_n7 AS BIGINT), 'k': CAST(_k7 AS BIGINT), 'size': CAST(_n7 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num7 AS DOUBLE), 'denominator': CAST(_den7 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(NULL AS DOUBLE), 'x1': CAST(NULL AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'set_INDICATOR': CAST(NULL AS TEXT), 'set_ITEM': CAST(NULL AS TEXT), 'set_UNIT_MEASURE': CAST(NULL AS TEXT)},
        {'key': 'COM_SCHOOL_DISTANCE', 'kind': 'mean', 'scale': CAST(1 AS DOUBLE), 'n': CAST(_n8 AS BIGINT), 'k': CAST(_k8 AS BIGINT), 'size': CAST(_n8 AS BIGINT), 'side': CAST(NULL AS BIGINT), 'numerator': CAST(_num8 AS DOUBLE), 'denominator': CAST(_den8 AS DOUBLE), 'value': CAST(NULL AS DOUBLE), 'q': CAST(_q8 AS DOUBLE), 'x1': CAST(_most8 AS DOUBLE), 'x2': CAST(NULL AS DOUBLE), 'set_INDICATOR': CAST(NULL AS TEXT), 'set_ITEM': CAST(NULL AS TEXT), 'set_UNIT_MEASURE': 'KM'}
      ]
    ) AS figure
  FROM sums
), figures AS (
  SELECT
    *
  FROM indicators
), observations AS (
  SELECT
    CAST('OA' AS TEXT) AS "FREQ",
    CAST(CASE WHEN "all_REF_AREA" THEN '_T' ELSE figures."in_REF_AREA" END AS TEXT) AS "REF_AREA",
    CAST(COALESCE(figure."set_INDICATOR", figure.key) AS TEXT) AS "INDICATOR",
    CAST('LCS' AS TEXT) AS "QUESTIONNAIRE",
    CAST(COALESCE(figure."set_ITEM", '_T') AS TEXT) AS "ITEM",
    CAST(figures."in_TIME_PERIOD" AS TEXT) AS "TIME_PERIOD",
    CAST(ROUND(
      CASE figure.kind
        WHEN 'count'
        THEN CASE WHEN figure.denominator > 0 THEN figure.scale * figure.numerator END
        WHEN 'total'
        THEN figure.scale * figure.numerator
        WHEN 'quantile'
        THEN figure.scale * figure.value
        WHEN 'difference'
        THEN figure.scale * figure.value
        ELSE figure.scale * figure.numerator / NULLIF(figure.denominator, 0)
      END,
      1
    ) AS DOUBLE) AS "OBS_VALUE",
    CAST(CASE WHEN figure.kind <> 'count' OR figure.denominator > 0 THEN 'A' ELSE 'L' END AS TEXT) AS "OBS_STATUS",
    CAST(NULL AS TEXT) AS "CONF_STATUS",
    CAST(COALESCE(figure."set_UNIT_MEASURE", 'PT') AS TEXT) AS "UNIT_MEASURE",
    CAST('0' AS TEXT) AS "UNIT_MULT",
    CAST('1' AS TEXT) AS "DECIMALS",
    CAST(NULL AS BIGINT) AS "SAMPLE_SIZE",
    CAST(NULL AS DOUBLE) AS "STD_ERROR",
    CAST(NULL AS DOUBLE) AS "LOWER_BOUND",
    CAST(NULL AS DOUBLE) AS "UPPER_BOUND",
    CAST('Indigenous Navigator, long community survey (synthetic demonstration data)' AS TEXT) AS "SOURCE_DETAIL",
    CAST('Unit: communities, one collective answer each; not persons.' AS TEXT) AS "COMMENT_OBS",
    CAST('Indigenous communities through the Indigenous Navigator' AS TEXT) AS "DATA_PROVIDER",
    CAST(figure.n AS BIGINT) AS "_n",
    CAST(figure.k AS BIGINT) AS "_k",
    CAST(10 AS BIGINT) AS "_minimum",
    CAST(figure.kind AS TEXT) AS "_kind",
    CAST('indigenous_navigator/community_survey' AS TEXT) AS "_dataset",
    CAST(deliveries AS TEXT[]) AS "_deliveries",
    CAST(NULL AS DOUBLE) AS "_se",
    CAST(NULL AS BIGINT) AS "_df",
    CAST(NULL AS DOUBLE) AS "_neff",
    CAST(NULL AS DOUBLE) AS "_cv",
    CAST(NULL AS DOUBLE) AS "_lower",
    CAST(NULL AS DOUBLE) AS "_upper",
    CAST(figure.x1 * ABS(figure.scale) / CASE figure.kind WHEN 'total' THEN 1 ELSE NULLIF(ABS(figure.denominator), 0) END AS DOUBLE) AS "_x1",
    CAST(figure.x2 * ABS(figure.scale) / CASE figure.kind WHEN 'total' THEN 1 ELSE NULLIF(ABS(figure.denominator), 0) END AS DOUBLE) AS "_x2",
    CAST(figure.size AS BIGINT) AS "_base",
    CAST(NULL AS BIGINT) AS "_base_key",
    CAST(NULL AS BIGINT) AS "_k_key",
    CAST(figure.side AS BIGINT) AS "_side"
  FROM figures
  JOIN behind
    ON period IS NOT DISTINCT FROM figures."in_TIME_PERIOD"
  WHERE
    (
      "all_REF_AREA" OR NOT figures."in_REF_AREA" IS NULL
    )
    AND (
      figure.kind = 'count' OR figure.n > 0
    )
)
SELECT
  *
  REPLACE (COALESCE(OBS_STATUS, 'A') AS OBS_STATUS, COALESCE(CONF_STATUS, CASE OBS_STATUS WHEN 'Q' THEN 'C' ELSE 'F' END) AS CONF_STATUS, COALESCE(SAMPLE_SIZE, CASE WHEN _kind <> 'count' THEN _n END) AS SAMPLE_SIZE)
FROM observations
ORDER BY
  "FREQ",
  "REF_AREA",
  "INDICATOR",
  "QUESTIONNAIRE",
  "ITEM",
  "TIME_PERIOD"
