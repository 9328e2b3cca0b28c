/* Texture formats and registers have the prefix too. */
static const GLenum formats[] = { GL_R8_SNORM, VK_FORMAT_R8_UNORM, DXGI_FORMAT_R8_TYPELESS };
int r8_max_supported_texture_dimension_for_2d_arrays_in_shaders(void);
uint64_t r8_saved_by_the_caller = read_r8_register(), r8_ = 0;
double r8_uniform_01(int *seed), r8_normal_ab(double a, double b, int *seed);
#define {{R8}}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1
extern void r8_mat_print_some_of_the_entries_of_a_large_matrix_with_title(double *a);
