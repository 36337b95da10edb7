{{/* Where the token is mounted that AWS STS takes. */}}
{{- define "cachedapi.awsTokenFolder" -}}
/var/run/secrets/sts.amazonaws.com/serviceaccount
{{- end }}

{{/* What the AWS SDK is told. On EKS nothing: there the cluster adds it to the pod. */}}
{{- define "cachedapi.awsEnv" -}}
{{- with .Values.aws.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .Values.aws.endpointUrl }}
- name: AWS_ENDPOINT_URL
  value: {{ . | quote }}
{{- end }}
{{- if and .Values.aws.webIdentity.roleArn .Values.aws.credentialsSecret }}
{{- fail "aws.webIdentity.roleArn and aws.credentialsSecret exclude each other: the operator has one AWS identity" }}
{{- end }}
{{- with .Values.aws.webIdentity.roleArn }}
- name: AWS_ROLE_ARN
  value: {{ . | quote }}
- name: AWS_WEB_IDENTITY_TOKEN_FILE
  value: {{ include "cachedapi.awsTokenFolder" $ }}/token
{{- end }}
{{- if .Values.aws.credentialsSecret }}
{{- range $key := list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" "AWS_SESSION_TOKEN" }}
- name: {{ $key }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.aws.credentialsSecret }}
      key: {{ $key }}
      {{- if eq $key "AWS_SESSION_TOKEN" }}
      optional: true
      {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* How pods are spread: as is said, else over zones and nodes where there are several pods. Those of another version do not count, so that an upgrade leaves them spread. */}}
{{- define "cachedapi.spread" -}}
{{- if .Values.topologySpreadConstraints }}
{{- toYaml .Values.topologySpreadConstraints }}
{{- else if gt (int .Values.replicas) 1 }}
{{- range $index, $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
{{- if $index }}
{{ end -}}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "cachedapi.selector" $ | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}
