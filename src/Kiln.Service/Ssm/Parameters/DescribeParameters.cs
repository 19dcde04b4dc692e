using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Lists parameters without their values. Systems Manager API Reference "DescribeParameters".</summary>
[Operation("ssm:DescribeParameters")]
public sealed class DescribeParameters(ParameterLookup lookup, Paging paging)
    : IOperation<DescribeParameters.Request, DescribeParameters.Response>
{
    private const int PageMax = 50;

    /// <summary>The parameters.</summary>
    [Unsupported("AWS itself points to ParameterFilters", "Filters")]
    [Unsupported("parameters are not shared between accounts", "Shared")]
    public sealed record Request
    {
        [MaxLength(50)] public IReadOnlyList<ParameterStringFilter> ParameterFilters { get; init; } = [];

        [Range(1, PageMax)] public int? MaxResults { get; init; }

        public string? NextToken { get; init; }
    }

    /// <summary>A page.</summary>
    public sealed record Response
    {
        public IReadOnlyList<ParameterMetadata> Parameters { get; init; } = [];

        public string? NextToken { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var page = await paging.Read(lookup.Current(call.AccountId, call.Region), p => p.Name,
            ParameterStringFilter.Of(request.ParameterFilters,
                "Name", "Path", "Type", "KeyId", "DataType", "Tier", ParameterStringFilter.TagPrefix),
            request.MaxResults ?? PageMax, request.NextToken, call, cancel);
        return new Response
        {
            Parameters = [.. page.Rows.Select(ParameterMetadata.Of)], NextToken = page.NextToken,
        };
    }
}
