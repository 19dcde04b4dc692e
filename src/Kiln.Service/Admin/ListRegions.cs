using Kiln.Service.Calls;

namespace Kiln.Service.Admin;

/// <summary>The enabled Regions of the installation.</summary>
[Operation("kiln:ListRegions")]
public sealed class ListRegions(Operator only, ServiceOptions options)
    : IOperation<ListRegions.Request, ListRegions.Response>
{
    /// <summary>The request.</summary>
    public sealed record Request;

    /// <summary>The response.</summary>
    public sealed record Response
    {
        /// <summary>In the order of the settings.</summary>
        public required IReadOnlyList<string> Regions { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await only.Authorize(call, cancel);
        return new Response { Regions = options.RegionList };
    }
}
