WITH current AS (
  SELECT
    *
  FROM (SELECT * FROM records)
), derived AS (
  SELECT
    *
  FROM current
), observations AS (
  SELECT
    CAST('A' AS TEXT) AS "FREQ",
    CAST(CASE CAST("country" AS TEXT)
      WHEN 'Ghana'
      THEN 'GH'
      WHEN 'Kenya'
      THEN 'KE'
      WHEN 'Mongolia'
      THEN 'MN'
      WHEN 'Nepal'
      THEN 'NP'
      WHEN 'Peru'
      THEN 'PE'
      WHEN 'Philippines'
      THEN 'PH'
      WHEN 'Tunisia'
      THEN 'TN'
    END AS TEXT) AS "REF_AREA",
    CAST(CASE CAST("question" AS TEXT)
      WHEN '1.1.1'
      THEN 'Q11_TREATIES'
      WHEN '1.1.2'
      THEN 'Q11_DEFENDER_LAW'
      WHEN '1.1.3'
      THEN 'Q11_NHRI'
      WHEN '1.1.4'
      THEN 'Q11_CONVICTIONS'
      WHEN '1.1.5'
      THEN 'Q11_FOLLOW_UP'
      WHEN '1.1.6'
      THEN 'Q11_CRIMINALISED'
      WHEN '1.2.1'
      THEN 'Q12_EDUCATION'
      WHEN '1.2.2'
      THEN 'Q12_TRAINING'
      WHEN '2.1.1'
      THEN 'Q21_EXPRESSION'
      WHEN '2.2.1'
      THEN 'Q22_INFORMATION_ACT'
      WHEN '3.1'
      THEN 'Q3_ASSOCIATION'
      WHEN '4.1'
      THEN 'Q4_CONSULTATION'
      WHEN '5.1'
      THEN 'Q5_PROTECTION'
    END AS TEXT) AS "INDICATOR",
    CAST('_T' AS TEXT) AS "VICTIM_GROUP",
    CAST('_T' AS TEXT) AS "SEX",
    CAST("year" AS TEXT) AS "TIME_PERIOD",
    CAST("answer" AS DOUBLE) AS "OBS_VALUE",
    CAST((
      CASE
        WHEN answer__why = 'not_collected'
        THEN 'L'
        WHEN NOT reviewer IS NULL AND NOT reviewed IS NULL
        THEN 'A'
        ELSE 'V'
      END
    ) AS TEXT) AS "OBS_STATUS",
    CAST(NULL AS TEXT) AS "CONF_STATUS",
    CAST('BOOL' AS TEXT) AS "UNIT_MEASURE",
    CAST('0' AS TEXT) AS "UNIT_MULT",
    CAST('0' AS TEXT) AS "DECIMALS",
    CAST(NULL AS BIGINT) AS "SAMPLE_SIZE",
    CAST(NULL AS DOUBLE) AS "STD_ERROR",
    CAST(NULL AS DOUBLE) AS "LOWER_BOUND",
    CAST(NULL AS DOUBLE) AS "UPPER_BOUND",
    CAST("sources" AS TEXT) AS "SOURCE_DETAIL",
    CAST((
      CONCAT('Assessment ', assessment, '; synthetic demonstration data')
    ) AS TEXT) AS "COMMENT_OBS",
    CAST('National human rights institution with the Right to Defend Rights tool' AS TEXT) AS "DATA_PROVIDER",
    CAST(NULL AS BIGINT) AS "_n",
    CAST(NULL AS BIGINT) AS "_k",
    CAST(NULL AS BIGINT) AS "_minimum",
    CAST('given' AS TEXT) AS "_kind",
    CAST('right_to_defend/assessments' AS TEXT) AS "_dataset",
    CAST([_delivery] AS TEXT[]) AS "_deliveries",
    CAST(NULL AS DOUBLE) AS "_se",
    CAST(NULL AS BIGINT) AS "_df",
    CAST(NULL AS DOUBLE) AS "_neff",
    CAST(NULL AS DOUBLE) AS "_cv",
    CAST(NULL AS DOUBLE) AS "_lower",
    CAST(NULL AS DOUBLE) AS "_upper",
    CAST(NULL AS DOUBLE) AS "_x1",
    CAST(NULL AS DOUBLE) AS "_x2",
    CAST(NULL AS BIGINT) AS "_base",
    CAST(NULL AS BIGINT) AS "_base_key",
    CAST(NULL AS BIGINT) AS "_k_key",
    CAST(NULL AS BIGINT) AS "_side"
  FROM derived
)
SELECT
  *
  REPLACE (COALESCE(OBS_STATUS, 'A') AS OBS_STATUS, COALESCE(CONF_STATUS, CASE OBS_STATUS WHEN 'Q' THEN 'C' ELSE 'F' END) AS CONF_STATUS, COALESCE(SAMPLE_SIZE, CASE WHEN _kind <> 'count' THEN _n END) AS SAMPLE_SIZE)
FROM observations
ORDER BY
  "FREQ",
  "REF_AREA",
  "INDICATOR",
  "VICTIM_GROUP",
  "SEX",
  "TIME_PERIOD"
