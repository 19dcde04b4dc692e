namespace Kiln.Blocks.Manifests;

/// <summary>One page as a manifest lists it: which 2 GiB range, how many written blocks, and its address.</summary>
internal readonly record struct PageReference(int Number, int Count, BlockAddress Address);
