{{- define "taskflow.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 32 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 32 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 32 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "taskflow.existingSecret" -}}
{{- required "existingSecret is required: the name of a Secret with DB_URL, RABBITMQ_URL, REDIS_URL and API_TOKENS" .Values.existingSecret -}}
{{- end -}}

{{- define "taskflow.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* dict "root" $ "component" "api": what a selector may name, for it never changes. */}}
{{- define "taskflow.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "taskflow.labels" -}}
{{ include "taskflow.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "taskflow.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "taskflow.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* Where handlers that create tasks, and `helm test`, find the API. */}}
{{- define "taskflow.url" -}}
{{- printf "http://%s-api:%v" (include "taskflow.fullname" .) .Values.api.service.port -}}
{{- end -}}

{{/* A group of workers with its defaults: dict "root" $ "group" (what the values say of it). */}}
{{- define "taskflow.group" -}}
{{- mergeOverwrite (deepCopy .root.Values.workerDefaults) .group | toYaml -}}
{{- end -}}

{{/* The broker's name of a queue, which may be given with its slots: dict "root" $ "config" … "queue" "mail:2". */}}
{{- define "taskflow.brokerQueue" -}}
{{- $created := .config.RABBITMQ_QUEUE | default "task.created" -}}
{{- $queue := regexReplaceAll ":[0-9]+$" .queue "" -}}
{{- if eq $queue "default" -}}{{ $created }}{{- else -}}{{ printf "%s.%s" $created $queue }}{{- end -}}
{{- end -}}
