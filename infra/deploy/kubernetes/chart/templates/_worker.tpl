{{/* The pod of a worker. dict "root" $ "name" "mail" "group" {…, its defaults in it} "drain" false */}}
{{- define "taskflow.workerPod" -}}
{{- $secrets := dict "DB_URL" "DB_URL" "RABBITMQ_URL" "RABBITMQ_URL" "REDIS_URL" "REDIS_URL" -}}
{{- $ours := dict
  "WORKER_QUEUES" (join "," .group.queues)
  "WORKER_PREFETCH" .group.slots
  "WORKER_SHUTDOWN_TIMEOUT" .group.shutdownTimeout
  "WORKER_HEARTBEAT_FILE" "/tmp/heartbeat"
  "WORKER_METRICS_PORT" 9100
  "TASKFLOW_URL" (include "taskflow.url" .root) -}}
{{- with .group.handlers }}{{- $_ := set $ours "WORKER_HANDLERS" (join "," .) }}{{- end -}}
{{- $config := mergeOverwrite (deepCopy .root.Values.config) .group.config $ours -}}
{{- $component := printf "worker-%s" .name -}}
metadata:
  labels:
    {{- include "taskflow.labels" (dict "root" .root "component" $component) | nindent 4 }}
    taskflow/role: worker
  {{- with merge (dict) .group.podAnnotations .root.Values.podAnnotations (.drain | ternary (dict "cluster-autoscaler.kubernetes.io/safe-to-evict" "false" "karpenter.sh/do-not-disrupt" "true") (dict)) }}
  annotations: {{ toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "taskflow.podSpec" (dict "root" .root "serviceAccount" (include "taskflow.serviceAccount" .root) "nodeSelector" .group.nodeSelector "tolerations" .group.tolerations) | nindent 2 }}
  # How long handlers may go on, and then 15 s in which their tasks are given back.
  terminationGracePeriodSeconds: {{ add (ceil .group.shutdownTimeout) 15 }}
  {{- if .drain }}
  restartPolicy: Never
  {{- else }}
  {{- include "taskflow.spread" (dict "root" .root "component" $component) | nindent 2 }}
  {{- end }}
  containers:
    - name: worker
      image: {{ .group.image | default (include "taskflow.image" .root) }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: {{ .drain | ternary (list "worker" "--drain") (list "worker") | toJson }}
      ports:
        - { name: metrics, containerPort: 9100 }
      env: {{ include "taskflow.env" (dict "root" .root "config" $config "secrets" $secrets) | nindent 8 }}
      # A start tries the services for about 80 s.
      startupProbe:
        exec: { command: [test, -f, /tmp/heartbeat] }
        periodSeconds: 2
        failureThreshold: 90
      readinessProbe:
        exec: { command: {{ include "taskflow.heartbeat" 30 }} }
        periodSeconds: 10
        timeoutSeconds: 5
      livenessProbe:
        exec: { command: {{ include "taskflow.heartbeat" .group.staleAfter }} }
        periodSeconds: 15
        timeoutSeconds: 5
        failureThreshold: 2
      resources: {{ toYaml .group.resources | nindent 8 }}
      securityContext: {{ include "taskflow.containerSecurity" . | nindent 8 }}
      volumeMounts: {{ include "taskflow.mounts" . | nindent 8 }}
  volumes: {{ include "taskflow.volumes" (dict "root" .root "secrets" $secrets) | nindent 4 }}
{{- end -}}

{{/* Fails once the file is older than so many seconds. */}}
{{- define "taskflow.heartbeat" -}}
{{- list "python3" "-SEc" (printf "import os, sys, time; sys.exit(time.time() - os.stat('/tmp/heartbeat').st_mtime > %v)" .) | toJson -}}
{{- end -}}

{{/* KEDA's triggers of a group. dict "root" $ "group" {…} "length" 50 "drain" false */}}
{{- define "taskflow.triggers" -}}
{{- $config := merge (dict) .group.config .root.Values.config -}}
{{- range $queue := .group.queues }}
- type: rabbitmq
  metadata:
    protocol: http
    queueName: {{ include "taskflow.brokerQueue" (dict "config" $config "queue" $queue) }}
    mode: QueueLength
    value: {{ $.length | toString | quote }}
    excludeUnacknowledged: {{ $.drain | toString | quote }}
  authenticationRef: { name: {{ include "taskflow.fullname" $.root }}-rabbitmq }
{{- with $.root.Values.keda.prometheus }}
- type: prometheus
  metadata:
    serverAddress: {{ . }}
    query: max(taskflow_queue_oldest_due_seconds{namespace={{ $.root.Release.Namespace | quote }},queue={{ regexReplaceAll ":[0-9]+$" $queue "" | quote }}})
    threshold: {{ $.group.secondsPerReplica | toString | quote }}
    activationThreshold: "5"
{{- end }}
{{- end }}
{{- end -}}
