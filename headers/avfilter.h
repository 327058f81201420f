/* What ffwebcodecs uses of libavfilter, which is loaded when something is filtered; see
   swresample.h. */

typedef struct AVFilter AVFilter;
typedef struct AVFilterContext AVFilterContext;
typedef struct AVFilterGraph AVFilterGraph;

unsigned avfilter_version(void);
const AVFilter *avfilter_get_by_name(const char *name);
AVFilterGraph *avfilter_graph_alloc(void);
void avfilter_graph_free(AVFilterGraph **graph);
int avfilter_graph_create_filter(AVFilterContext **context, const AVFilter *filter, const char *name, const char *arguments, void *opaque, AVFilterGraph *graph);
int avfilter_link(AVFilterContext *source, unsigned source_pad, AVFilterContext *target, unsigned target_pad);
int avfilter_graph_config(AVFilterGraph *graph, void *log_context);
int av_buffersrc_add_frame_flags(AVFilterContext *context, AVFrame *frame, int flags);
int av_buffersink_get_frame(AVFilterContext *context, AVFrame *frame);
