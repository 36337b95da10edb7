{{/* Name of everything in the release: the release's, made to tell what it is. */}}
{{- define "cachedapi.name" -}}
{{- .Release.Name | contains "cachedapi" | ternary .Release.Name (printf "%s-cachedapi" .Release.Name) | trunc 53 | trimSuffix "-" }}
{{- end }}

{{- define "cachedapi.selector" -}}
app.kubernetes.io/name: cachedapi
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "cachedapi.labels" -}}
{{ include "cachedapi.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "cachedapi.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "cachedapi.name" .) }}
{{- else }}{{ required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "cachedapi.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}
