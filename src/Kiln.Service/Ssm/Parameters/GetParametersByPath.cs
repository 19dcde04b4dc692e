using System.ComponentModel.DataAnnotations;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Reads the parameters below a path. Systems Manager API Reference "GetParametersByPath".</summary>
[Operation("ssm:GetParametersByPath")]
public sealed class GetParametersByPath(ParameterLookup lookup, Paging paging)
    : IOperation<GetParametersByPath.Request, GetParametersByPath.Response>
{
    private const int PageMax = 10;

    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string Path { get; init; }

        public bool? Recursive { get; init; }

        [MaxLength(50)] public IReadOnlyList<ParameterStringFilter> ParameterFilters { get; init; } = [];

        public bool? WithDecryption { get; init; }

        [Range(1, PageMax)] public int? MaxResults { get; init; }

        public string? NextToken { get; init; }
    }

    /// <summary>A page.</summary>
    public sealed record Response
    {
        public IReadOnlyList<ParameterItem> Parameters { get; init; } = [];

        public string? NextToken { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (!request.Path.StartsWith('/'))
        {
            throw SsmError.Validation("The parameter doesn't meet the parameter name requirements. The parameter name "
                + "must begin with a forward slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" "
                + "(case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - "
                + "(hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use "
                + "the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.");
        }
        var isPublic = (request.Path + "/").StartsWith(Publisher.ParameterPath, StringComparison.Ordinal);
        var account = isPublic ? Publisher.AccountId : call.AccountId;
        await call.Authorize(Arn.Parameter(call.Region, account, request.Path.TrimEnd('/') + "/"));
        var filter = ParameterStringFilter.Of(request.ParameterFilters, "Type", "KeyId", "Label");
        var page = await paging.Read(lookup.Current(account, call.Region), p => p.Name,
            p => ParameterStringFilter.IsBelow(p.Name, request.Path, request.Recursive == true) && filter(p),
            request.MaxResults ?? PageMax, request.NextToken, call, cancel);
        var items = new List<ParameterItem>();
        foreach (var version in page.Rows)
            items.Add(await lookup.Item(version, request.WithDecryption == true, null, call, cancel));
        return new Response { Parameters = items, NextToken = page.NextToken };
    }
}
